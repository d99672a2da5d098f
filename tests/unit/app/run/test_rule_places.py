from __future__ import annotations

from crawler.app.run.rule_places import placed_rules
from crawler.config.models.job import Job
from crawler.observe.rule_misses import PlacedRule


def test_rules_are_placed_and_written_as_in_the_config() -> None:
    job = Job.model_validate(
        {
            "name": "job",
            "start": {"urls": ["http://a.example/"]},
            "extract": [
                {
                    "item": "Book", "url": "/b/*", "label": "book",
                    "fields": {
                        "price": {"css": "p.price"}, "upc": {"xpath": '//th[.="UPC"]'},
                        "source": {"value": "{url}"},
                    },
                },
                {
                    "item": "Row", "each": {"css": "tr"}, "try": ["json_ld"],
                    "fields": {"a": {"css": "td"}, "b": {}},
                },
            ],
            "follow": [{"css": "li.next a"}, {"xpath": "//h3/a", "label": "book"}],
        }
    )  # fmt: skip

    assert placed_rules(job) == [
        PlacedRule(
            place="extract.0", pages='label book and url "/b/*"',
            fields={"price": 'css "p.price"', "upc": "xpath '//th[.=\"UPC\"]'"},
        ),
        PlacedRule(
            place="extract.1", selector='css "tr"',
            fields={"a": 'try [json_ld], css "td"', "b": "try [json_ld]"},
        ),
        PlacedRule(place="follow.0", selector='css "li.next a"'),
        PlacedRule(place="follow.1", selector='xpath "//h3/a"'),
    ]  # fmt: skip
