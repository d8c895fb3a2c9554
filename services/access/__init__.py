"""Who may do what: the policy table, scope and column classes."""
