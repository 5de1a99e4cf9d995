"""What `headrace graph` prints for people, in English or Chinese: a module a subject."""
