from contrib.docs.clauses import citations

SOURCE = '''
"""PS3.8 section 9.2, and PS3.4\nAnnex B."""

class Reader:
    def read(self):
        # PS3.7 sections D.3.3.2 and 9.10,
        # PS3.8 table 9-10, AE-6
        return 1
'''


def test_each_clause_with_the_symbol_around_it() -> None:
    found = [(clause.part, str(clause), symbol) for clause, symbol in citations(SOURCE)]
    assert found == [
        (8, "9.2", ""),
        (4, "annex B", ""),
        (7, "D.3.3.2", "Reader.read"),
        (7, "9.10", "Reader.read"),
        (8, "table 9-10", "Reader.read"),
    ]


def test_a_citation_may_go_over_lines_of_a_comment() -> None:
    source = "def f():\n    # PS3.8\n    # section 9.3.2\n    return 1\n"
    assert [(str(clause), symbol) for clause, symbol in citations(source)] == [("9.3.2", "f")]


def test_clauses_are_in_the_order_of_the_standard() -> None:
    source = "# PS3.8 sections 9.10, 9.3 and D.1\n# PS3.8 section 10\n"
    ordered = sorted(clause for clause, _ in citations(source))
    assert [str(clause) for clause in ordered] == ["9.3", "9.10", "10", "D.1"]
