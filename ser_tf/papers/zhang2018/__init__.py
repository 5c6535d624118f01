"""Zhang, Du, Wang, Zhang and Tu, APSIPA 2018: a fully convolutional network with attention over time and frequency."""
