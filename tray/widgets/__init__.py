"""Small widgets of our own: they draw with the person's palette, scale with the font and mirror for right-to-left.

They know no model and no client: what they show is handed in, what the person does comes out as a signal.
"""
