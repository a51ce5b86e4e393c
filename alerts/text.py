"""Text as watches see it: normalised forms with a map back to the original characters."""
