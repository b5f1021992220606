"""What another directory wrote into a file, brought in over the API: a plan first, then so much of it as can be."""
