"""Users, role grants, server-side sessions, sign-in throttle."""
