"""The client's pages of looking: who may see, who has looked, one's own documents. They change nothing themselves."""
