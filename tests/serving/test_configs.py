"""The configuration files for TensorFlow Serving are in its formats, which its Python package does not bring along."""

from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

import ser_tf.serving

FOLDER = Path(ser_tf.serving.__file__).parent
KINDS = descriptor_pb2.FieldDescriptorProto


def parsed(name, **messages):
    """Parses a file as the first of some messages, given with their fields as (name, type)."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package=Path(name).stem, syntax="proto3")
    for message, fields in messages.items():
        added = file.message_type.add(name=message)
        for number, (field, kind) in enumerate(fields, start=1):
            nested = kind in messages
            added.field.add(
                name=field,
                number=number,
                label=KINDS.LABEL_OPTIONAL,
                type=KINDS.TYPE_MESSAGE if nested else kind,
                type_name=f".{file.package}.{kind}" if nested else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    first = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.{next(iter(messages))}"))
    return text_format.Parse((FOLDER / name).read_text(), first())


def test_batching():
    wrapped = ("max_batch_size", "batch_timeout_micros", "max_enqueued_batches", "num_batch_threads")
    fields = [*((name, "Int64Value") for name in wrapped), ("pad_variable_length_inputs", KINDS.TYPE_BOOL)]
    found = parsed("batching.config", BatchingParameters=fields, Int64Value=[("value", KINDS.TYPE_INT64)])
    assert found.pad_variable_length_inputs  # waveforms differ in length
    assert all(getattr(found, name).value > 0 for name in wrapped)


def test_monitoring():
    prometheus = [("enable", KINDS.TYPE_BOOL), ("path", KINDS.TYPE_STRING)]
    found = parsed(
        "monitoring.config",
        MonitoringConfig=[("prometheus_config", "PrometheusConfig")],
        PrometheusConfig=prometheus,
    )
    assert found.prometheus_config.enable and found.prometheus_config.path.startswith("/")
