"""View models of the pages about teams, recruiters and interviews: each made by one service."""
