"""The load engine: compiled journeys, HTTP/1.1 on asyncio Protocols, open and closed loops."""
