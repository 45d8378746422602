from pacsd.net.web.job_operations import JOB_OPERATIONS, QUERY, JobTask


def test_each_task_has_one_operation_and_each_parameter_a_meaning() -> None:
    assert [each.task for each in JOB_OPERATIONS] == [*JobTask]
    assert len({(each.method, each.path) for each in JOB_OPERATIONS}) == len(JOB_OPERATIONS)
    assert {name for each in JOB_OPERATIONS for name in each.query} == {*QUERY}
