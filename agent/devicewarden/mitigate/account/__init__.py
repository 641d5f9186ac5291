"""Findings and violations -> changes in the AWS account, recorded, and undone when asked to."""
