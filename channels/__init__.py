"""Channels: where notifications go. Addresses of targets are sealed here, understood, and sent to.

``sealing`` encrypts addresses, ``addresses`` says which kind one is of, ``network`` bounds what a sending may reach,
and ``sending`` sends.
"""
