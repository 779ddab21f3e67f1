"""Messages of the API to core types and back; every rule about a field's form is here."""
