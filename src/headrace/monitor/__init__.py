"""What decisions leave for people to do."""
