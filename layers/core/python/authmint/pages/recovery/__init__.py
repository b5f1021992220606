"""Pages for who forgot a password, is locked out, or comes for the first time: made when somebody needs one."""
