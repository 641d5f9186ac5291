"""A device that responds to violations by itself; its broker stands in a cloud of its own."""

from tests.packaging.guest import acting, cutting, leaving, planting
from tests.packaging.guest.hands import tell

if __name__ == "__main__":
    tell(
        (
            cutting.prepared,
            acting.furnished,
            cutting.cut_off,
            cutting.let_back,
            cutting.ended_by_itself,
            cutting.without_nft,
            acting.stopped,
            acting.dimmed,
            acting.protected,
            acting.collected,
            acting.ran_away,
            acting.interrupted,
            planting.planted,
            planting.led_away,
            leaving.upgraded,
            leaving.removed,
            leaving.purged,
        )
    )
