"""What configuration files declare, held against the code that should read them."""
