"""Read an AWS account -> subjects of checks. Only this room imports boto3, and only reads."""
