"""How well the judge judges, measured on the dev rows with the whole judge: rules, classifier and policy.

`report.evaluate_judge` makes the report; each other file is one of its sections with the tables that show it. Unless a
section says otherwise, a message is an unknown newcomer's in a general channel (the strictest case), "flagged" is
REVIEW or ACT under whatever clause, and a clause is found when its own score reaches its `review_at`.
"""
