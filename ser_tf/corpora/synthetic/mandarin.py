"""Mandarin sentences for the generated corpus in CASIA's layout, spoken in all six emotions alike."""

_SUBJECTS = ("他", "她", "我们", "你们", "他们", "老师", "医生", "哥哥", "妹妹", "朋友")
_TIMES = ("今天", "昨天", "明天", "早上", "晚上", "上午")
_ACTIONS = ("去学校看书", "在家里做饭", "坐车去北京", "打电话给我", "买了三本书")
NUM_SENTENCES = len(_SUBJECTS) * len(_TIMES) * len(_ACTIONS)


def sentence(number: int) -> tuple[str, ...]:
    """The characters of a sentence, 8 to 9 of them.

    Args:
        number: From 1 to `NUM_SENTENCES`, which is 300; each number has another sentence.
    """
    index = number - 1
    subject = _SUBJECTS[index % len(_SUBJECTS)]
    time = _TIMES[index // len(_SUBJECTS) % len(_TIMES)]
    action = _ACTIONS[index // (len(_SUBJECTS) * len(_TIMES)) % len(_ACTIONS)]
    return tuple(subject + time + action)
