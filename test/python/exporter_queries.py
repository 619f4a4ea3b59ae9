"""Print the queries of a file for postgres_exporter, as JSON: a list of
[namespace, query, {column: usage}]."""

import json
import sys

import yaml

with open(sys.argv[1]) as file:
    queries = yaml.safe_load(file)

print(json.dumps([
    [namespace, query["query"],
     {column: facts["usage"] for metric in query["metrics"] for column, facts in metric.items()}]
    for namespace, query in queries.items()]))
