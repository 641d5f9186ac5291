"""The life of a package, from the first installation to the purge, under systemd."""

from tests.packaging.guest import dying, moving, spoiling, watching
from tests.packaging.guest.hands import tell

if __name__ == "__main__":
    tell(
        (
            watching.installed,
            watching.measured,
            watching.saw_others,
            watching.saw_exact_owners,
            watching.audited,
            dying.reloaded,
            dying.killed,
            dying.hung,
            spoiling.half_written,
            spoiling.broken_from_the_first_day,
            spoiling.mended,
            spoiling.keys_of_root,
            spoiling.user_deleted,
            spoiling.state_of_somebody_else,
            spoiling.older_state,
            spoiling.newer_state,
            spoiling.read_only_root,
            moving.upgraded,
            moving.downgraded,
            moving.switched_off,
            moving.removed,
            moving.purged,
        )
    )
