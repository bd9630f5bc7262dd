"""What one account holds, and the rules that change it."""
