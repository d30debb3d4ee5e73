"""The risk room: figures of the venue, and properties no figure can prove."""
