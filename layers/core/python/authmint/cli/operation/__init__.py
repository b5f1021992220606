"""What operators do to a deployment with AWS credentials: take back what was given up, and check that all is well."""
