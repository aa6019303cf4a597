"""`./sage bench web`: how long pages take at a million tickets, and what django-helpdesk takes for the same."""
