"""One function for each row of the matrix; ``tests.chaos.registry`` lists them."""
