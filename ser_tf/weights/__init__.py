"""Published weights of other projects, brought into the form that the models read."""
