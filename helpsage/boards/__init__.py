"""Task boards: each ticket a card on a board of another program, kept the same on both sides."""
