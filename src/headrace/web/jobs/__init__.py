"""Long work: kinds of it, the process each job runs in, and the threads that look after them."""
