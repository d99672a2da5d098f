"""CPU work beside the loop: plain functions over plain data, in processes of their own."""
