"""``perfstress runbook``: the phases of a project, each a page that commits to worked examples."""
