"""Estimates to pictures: terminal, SVG, HTML; pure."""
