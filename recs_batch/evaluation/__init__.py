"""Would the recommendations have come true? A global split in time, against popularity and chance."""
