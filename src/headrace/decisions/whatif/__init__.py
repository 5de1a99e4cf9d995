"""What if: history decided by two policies side by side, judged, and searched for a better one."""
