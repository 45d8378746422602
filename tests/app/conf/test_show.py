from pacsd.app.conf.options import Options
from pacsd.app.conf.reading import decode, gather
from pacsd.app.conf.settings import Config
from pacsd.app.conf.show import show


def lines(environ: dict[str, str]) -> list[str]:
    gathered = gather(None, Options(http=""), environ)
    return show(decode(gathered), gathered.sources).splitlines()


def test_each_value_with_its_origin() -> None:
    shown = lines({"PACSD_DIMSE__BACKLOG": "5"})
    assert "dimse.backlog = 5  # environment PACSD_DIMSE__BACKLOG" in shown
    assert 'http.listen = ""  # command line --http' in shown
    assert 'ae[1].title = "PACSD"  # default' in shown
    assert "log.trace = []  # default" in shown


def test_what_is_not_set_is_not_shown() -> None:
    assert not [line for line in lines({}) if line.startswith("ae[1].strict")]


def test_secrets_of_plugins_are_not_written() -> None:
    shown = "\n".join(
        lines(
            {
                "PACSD_PLUGINS__S3__SECRET_KEY": "hidden",
                "PACSD_PLUGINS__S3__AUTH__PASSWORD": "hidden",
                "PACSD_PLUGINS__S3__BUCKET": "seen",
            }
        )
    )
    assert "hidden" not in shown
    assert 'plugins.s3.bucket = "seen"' in shown
    assert shown.count('"***"') == 2


def test_only_plugins_have_secrets_by_name() -> None:
    assert not [key for key in Config.model_fields if "secret" in key]
