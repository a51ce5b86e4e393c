"""The four stages joined: poll, read, record, deliver."""
