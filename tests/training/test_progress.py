from twostage_hdr.training.progress import NAMES, Progress


def test_the_bar_shows_all_players_losses_by_short_names_and_no_version_number(two_stage, trainer, one_batch) -> None:
    shown: list[dict] = []

    class Watched(Progress):
        def get_metrics(self, running, module):
            shown.append(super().get_metrics(running, module))
            return shown[-1]

    trainer(enable_progress_bar=True, callbacks=[Watched()]).fit(two_stage(), one_batch(3).loader())
    assert set(shown[-1]) == {"stage I", "stage II", "adversary"}
    assert all(len(short) <= 9 for short in NAMES.values())
