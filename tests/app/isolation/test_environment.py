from pacsd.app.isolation.environment import environment_of_plugin


def test_a_plugin_learns_nothing_that_may_be_a_secret() -> None:
    passed = {
        "PATH": "/bin",
        "HOME": "/root",
        "LANG": "C",
        "TZ": "UTC",
        "PYTHONPATH": "/x",
        "PACSD_PLUGIN_ACME_KEY": "its own",
    }
    secret = {
        "PACSD_HTTP_TOKEN": "t",
        "AWS_SECRET_ACCESS_KEY": "k",
        "pythonpath": "/y",
        "PLUGIN": "",
    }
    assert environment_of_plugin({**secret, **passed}) == passed
