"""One module per feed: how to fetch it and how to parse it, apart.

Feeds know their publisher's contract. They parse into a scratch database and never open the
warehouse; what they need to know of earlier loads comes in as ``Memory``.
"""
