"""What no single fault shows: thousands of bad frames, hundreds of broken lines, half an hour of a whole school."""
