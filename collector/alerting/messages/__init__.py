"""All wording of what receivers get. What comes from outside is cleaned here and escaped by each medium's rendering."""
