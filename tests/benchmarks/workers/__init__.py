"""What a second worker gives: SignBatch over four connections, beside what the machine gives."""
