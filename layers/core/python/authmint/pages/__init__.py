"""Pages for people: sign-in, consent, devices, sign-out, errors. Templates that escape by default, and static files."""
