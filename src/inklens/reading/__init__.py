"""Reading the digits on a page, one step a file, each the same in Python, Swift and JavaScript."""
