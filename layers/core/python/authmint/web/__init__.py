"""The web toolkit: templates, themes, texts, cookies, forms, CSRF tokens and security headers of pages."""
