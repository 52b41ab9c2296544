"""The words follow the numbers."""

from f2s_ray.view.words import blur_words, code_words, compression_words, noise_words, visible


def test_a_name_cannot_turn_the_text_around_it():
    shown = visible("photo\u202egpj.exe\u2066\x00\x7f\ud800")
    assert shown == "photo\\u202egpj.exe\\u2066\\x00\\x7f\\ud800"


def test_names_of_every_script_stay_as_they_are():
    for name in ("Zoë Ångström", "写真/祖母.jpg", "می\u200cخواهم", "👩\u200d👧.png", "e\u0301"):
        assert visible(name) == name


def test_stronger_damage_never_gets_a_weaker_word():
    for tell, values in ((noise_words, (0.001, 0.01, 0.03, 0.1)), (blur_words, (0.1, 1.0, 2.0, 5.0))):
        words = [tell(value).split(" (")[0] for value in values]
        assert len(set(words)) == len(values)
        assert words[0].startswith("no visible")
        assert words[-1].startswith("strong")


def test_what_is_unknown_is_not_told():
    assert code_words(noise_sigma=None, blur_sigma_px=None, jpeg_quality=None, downscale=None) == ""
    assert code_words(noise_sigma=None, blur_sigma_px=2.0, jpeg_quality=None, downscale=3.0) == (
        "clear blur (2.0 px), once 3.0 times smaller"
    )


def test_compression_names_the_quality():
    assert "quality 35" in compression_words(35)
    assert "quality" not in compression_words(100)
