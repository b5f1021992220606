"""DynamoDB: the implementations of ``storage``. The only package that knows tables and items."""
