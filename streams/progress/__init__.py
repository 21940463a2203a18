"""How far each stage is: its positions on the log, and what to do where they are ahead of it."""
