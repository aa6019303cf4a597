"""Questions about tickets and conversations, answered from figures that are kept up to date as things happen."""
