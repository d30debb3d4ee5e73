"""What is shipped to run the daemon as a service."""
