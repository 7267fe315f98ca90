"""What happens when a part fails: one table, a row a fault, on both stores."""
