"""What people do with their own account, whoever asks: their pages, or programs in their name.

Who it is, and how sure that is, is decided before anybody comes here.
"""
