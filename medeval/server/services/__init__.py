"""What the server does, one module per noun: ask the domain, change rows, record who did it."""
